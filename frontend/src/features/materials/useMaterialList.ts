import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { can } from '@/api/session'
import type { Material } from '@/api/types'
import { formatQuantity, isZero } from '@/shared/decimal/decimal'
import type { Column } from '@/shared/list/columns'
import { useList } from '@/shared/list/useList'
import { formatTime } from '@/shared/time'

const DEFAULTS = {
  keyword: '', category: '', lowStock: '', subcategory: '', unit: '', status: 'active', sort: '-created_at', page: '1', pageSize: '',
}

/** The list of materials; `edit` opens the form for one, or for a new one. */
export function useMaterialList(edit: (material: Material | 'new') => void) {
  const { t } = useI18n()
  const route = useRoute()
  const router = useRouter()

  const columns = (): Column<Material>[] => [
    { key: 'code', label: t('materials.field.materialCode'), width: '138px', sort: 'material_code', text: (row) => row.material_code },
    { key: 'name', label: t('materials.field.materialName'), sort: 'material_name', text: (row) => row.material_name },
    { key: 'nameEn', label: t('materials.field.nameEn'), width: '180px', extra: true, text: (row) => row.name_en ?? '' },
    { key: 'category', label: t('materials.field.category'), width: '104px', text: (row) => t(`shared.category.${row.category}`) },
    { key: 'subcategory', label: t('materials.field.subcategory'), width: '110px', extra: true, text: (row) => row.subcategory ?? '' },
    { key: 'cas', label: t('materials.field.casNo'), width: '116px', extra: true, text: (row) => row.cas_no ?? '' },
    {
      key: 'stock', label: t('materials.currentStock'), width: '136px', align: 'right', sort: 'current_stock',
      text: (row) => formatQuantity(row.current_stock, row.unit_decimals),
    },
    { key: 'unit', label: t('materials.field.unit'), width: '64px', text: (row) => row.unit },
    {
      key: 'min', label: t('materials.field.minStock'), width: '136px', align: 'right', wide: true,
      text: (row) => (isZero(row.min_stock) ? '—' : formatQuantity(row.min_stock, row.unit_decimals)),
    },
    {
      key: 'max', label: t('materials.field.maxStock'), width: '136px', align: 'right', extra: true,
      text: (row) => (isZero(row.max_stock) ? '—' : formatQuantity(row.max_stock, row.unit_decimals)),
    },
    { key: 'level', label: t('materials.level.label'), width: '120px' },
    { key: 'location', label: t('materials.field.location'), width: '150px', wide: true, text: (row) => row.location ?? '' },
    { key: 'storage', label: t('materials.field.storageClass'), width: '120px', extra: true, text: (row) => row.storage_class ?? '' },
    { key: 'created', label: t('shared.createdAt'), width: '152px', sort: 'created_at', extra: true, text: (row) => formatTime(row.created_at) },
  ]

  return useList<Material, typeof DEFAULTS>({
    name: 'materials',
    topic: 'materials',
    path: '/materials',
    defaults: DEFAULTS,
    columns,
    words: (filters) => ({
      keyword: [t('lists.keyword'), filters.keyword],
      category: [t('materials.field.category'), filters.category && t(`shared.category.${filters.category}`)],
      subcategory: [t('materials.field.subcategory'), filters.subcategory],
      unit: [t('materials.field.unit'), filters.unit],
      status: [t('shared.status'), t(`materials.status.${filters.status}`)],
      lowStock: [t('materials.level.label'), t('materials.onlyLow')],
    }),
    open: (row) => void router.push({ name: 'material', params: { id: row.id }, query: route.query }),
    edit: can('material.write') ? edit : undefined,
    create: can('material.write') ? () => edit('new') : undefined,
  })
}
