import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { User } from '@/api/types'
import { wholeNumber } from '@/shared/wholeNumber'
import { getUser } from './logs'

export const nameOf = (user: User) => (user.real_name ? `${user.real_name} (${user.username})` : user.username)

/** Whom an id in the address means. */
export function useUser(userId: () => string) {
  const id = computed(() => wholeNumber(userId()))
  return useQuery({
    queryKey: computed(() => ['users', 'one', id.value]),
    queryFn: ({ signal }) => getUser(id.value ?? 0, signal),
    enabled: () => id.value !== null,
  }).data
}
