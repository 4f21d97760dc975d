import { get, post, postForm, put, remove } from '@/api/client'

export interface Profile {
  id: number
  username: string
  role: string
  real_name: string | null
  email: string | null
  avatar: string | null
  created_at: string
}

export interface Session {
  id: number
  ip_address: string | null
  user_agent: string | null
  created_at: string
  expires_at: string
  is_current: 0 | 1
}

export interface Token {
  id: number
  name: string
  scopes: string
  created_at: string
  expires_at: string
  last_used_at: string | null
}

export interface NewToken {
  name: string
  scopes: string
  expiresInDays: number
}

export const getProfile = (signal?: AbortSignal) => get<Profile>('/profile/me', {}, signal)
export const changeProfile = (change: { realName: string; email: string }) => put<{ id: number }>('/profile/me', change)
export const removeAvatar = () => remove('/profile/avatar')
export const getSessions = (signal?: AbortSignal) => get<Session[]>('/profile/sessions', {}, signal)
export const endSession = (id: number) => remove(`/profile/sessions/${id}`)
export const getTokens = (signal?: AbortSignal) => get<Token[]>('/profile/tokens', {}, signal)
export const makeToken = (token: NewToken) => post<{ id: number; token: string; expiresAt: string }>('/profile/tokens', token)
export const revokeToken = (id: number) => remove(`/profile/tokens/${id}`)

export function sendAvatar(picture: Blob) {
  const form = new FormData()
  form.append('avatar', picture, 'avatar.png')
  return postForm<{ avatar: string }>('/profile/avatar', form)
}
