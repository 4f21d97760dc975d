import type { Router } from 'vue-router'

/** Pages that are to open without a network have it in their route; the first visit of one keeps them on the device. */
export function keepForOffline(router: Router): void {
  // Not while developing: there files have no names of their own. And browsers do it only over https or from localhost.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  let asked = false
  router.afterEach((to) => {
    if (!to.meta.offline || asked) return
    asked = true
    // What waits to be sent is not to be cleared away when the device runs short of room.
    void navigator.storage.persist()
    // A server that is just away: with the next visit.
    navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' }).catch(() => (asked = false))
  })
}
