import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { can } from '@/api/session'
import type { DocumentRow } from '@/api/types'
import { formatMoney, formatQuantity } from '@/shared/decimal/decimal'
import type { Column } from '@/shared/list/columns'
import { useList } from '@/shared/list/useList'
import { useRouteFilters } from '@/shared/list/useRouteFilters'
import { formatTime } from '@/shared/time'

const DEFAULTS = {
  whose: 'all', keyword: '', status: '', transactionType: '', startDate: '', endDate: '', purpose: '', person: '',
  sort: '-created_at', page: '1', pageSize: '',
}

/** The list of documents: everybody's, or one's own. */
export function useDocumentList() {
  const { t, locale } = useI18n()
  const route = useRoute()
  const router = useRouter()
  const { filters } = useRouteFilters(DEFAULTS)
  const path = computed(() => (filters.value.whose === 'mine' ? 'inventory/mine' : 'inventory'))

  /** English words take more room. */
  const wide = (width: number, english: number) => `${locale.value === 'en' ? english : width}px`
  const columns = (): Column<DocumentRow>[] => [
    { key: 'code', label: t('documents.number'), width: '168px', sort: 'transaction_code', text: (row) => row.transaction_code },
    { key: 'type', label: t('documents.type'), width: wide(112, 164), text: (row) => `${t(`shared.type.${row.transaction_type}`)} ${t(`shared.purpose.${row.purpose}`)}` },
    { key: 'material', label: t('shared.document.material'), text: (row) => row.material_name },
    {
      key: 'quantity', label: t('shared.document.quantity'), width: '112px', align: 'right',
      text: (row) => (row.line_count > 1 ? t('documents.lineCount', { n: row.line_count }) : `${formatQuantity(row.quantity, row.unit_decimals)} ${row.unit}`),
    },
    {
      key: 'amount', label: t('documents.amount'), width: '128px', align: 'right',
      text: (row) => (row.total_amount === null ? '—' : formatMoney(row.total_amount)),
    },
    { key: 'status', label: t('shared.status'), width: wide(104, 126) },
    { key: 'applicant', label: t('shared.document.applicant'), width: '120px', wide: true, text: (row) => row.applicant_name ?? '' },
    { key: 'approver', label: t('shared.document.approver'), width: '120px', wide: true, text: (row) => row.approver_name ?? '—' },
    { key: 'created', label: t('shared.document.createdAt'), width: '152px', sort: 'created_at', wide: true, text: (row) => formatTime(row.created_at) },
    { key: 'remark', label: t('shared.remark'), width: '180px', extra: true, text: (row) => row.remark ?? '' },
  ]

  const list = useList<DocumentRow, typeof DEFAULTS>({
    name: 'documents',
    topic: 'documents',
    path: () => `/${path.value}`,
    defaults: DEFAULTS,
    query: (filters) => ({ ...filters, whose: undefined }),
    columns,
    words: (filters) => ({
      keyword: [t('lists.keyword'), filters.keyword],
      whose: [t('documents.whose'), t('documents.mine')],
      transactionType: [t('documents.type'), filters.transactionType && t(`shared.type.${filters.transactionType}`)],
      status: [t('shared.status'), filters.status && t(`shared.documentStatus.${filters.status}`)],
      startDate: [t('dates.from'), filters.startDate],
      endDate: [t('dates.to'), filters.endDate],
      purpose: [t('documents.purpose'), filters.purpose && t(`shared.purpose.${filters.purpose}`)],
      person: [t('documents.person'), filters.person],
    }),
    open: (row) => void router.push({ name: 'document', params: { id: row.id }, query: route.query }),
    create: can('document.create') ? () => void router.push({ name: 'new-receipt' }) : undefined,
  })
  return { list, path }
}
