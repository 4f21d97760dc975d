import { computed } from 'vue'
import { can } from '@/api/session'
import { featureRoutes } from './router'

/** What stands in the menu: the routes that say so, as far as one may go there. */
export const menu = computed(() =>
  (['work', 'data', 'system'] as const)
    .map((group) => ({
      group,
      items: featureRoutes.flatMap(({ name, meta }) => {
        if (meta?.menu?.group !== group) return []
        if (![meta.permission, meta.menu.permission].every((wanted) => !wanted || can(wanted))) return []
        return [{ name: String(name), title: meta.title ?? '', icon: meta.menu.icon }]
      }),
    }))
    .filter(({ items }) => items.length > 0),
)
