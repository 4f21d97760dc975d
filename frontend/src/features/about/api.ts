import { get } from '@/api/client'
import { addressOf } from '@/api/address'

export interface ThirdParty {
  name: string
  version: string
  licence: string
  notice: string
}

/** A file of the build (build/thirdParty.ts). */
export async function getThirdParty(signal?: AbortSignal): Promise<ThirdParty[]> {
  const answer = await fetch('/third-party.json', { signal })
  if (!answer.ok) throw new Error(`third-party.json: ${answer.status}`)
  return (await answer.json()) as ThirdParty[]
}

/** Health has no envelope. */
export async function getVersion(signal?: AbortSignal): Promise<string> {
  const answer = await fetch(addressOf('/health'), { signal })
  return ((await answer.json()) as { version: string }).version
}

export const getDatabase = (signal?: AbortSignal) => get<{ engine: string; version: string; schemaVersion: number }>('/admin/database/info', {}, signal)
