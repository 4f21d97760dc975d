import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { can, me } from '@/api/session'
import { getSettings } from '@/shared/company'
import { mayDecideOwn } from './documents'

const RARELY_MS = 600_000

/** Whether somebody who decides documents may not decide his own. Until that is known nobody is told so; the server is the judge. */
export function useOwnClosed(): ComputedRef<boolean> {
  const { data } = useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => getSettings(signal), staleTime: RARELY_MS })
  return computed(() => {
    const role = me.value?.role
    return data.value !== undefined && role !== undefined && can('document.approve') && !mayDecideOwn(data.value, role)
  })
}
