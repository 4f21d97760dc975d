import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { DocumentRow } from '@/api/types'
import { formatMoney, formatQuantity } from '@/shared/decimal/decimal'
import { wordsOf } from '@/shared/list/choices'
import type { Column } from '@/shared/list/columns'
import { pixels } from '@/shared/list/listSettings'
import { useList } from '@/shared/list/useList'
import { formatTime } from '@/shared/time'
import { choicesOf } from './queue'

/** Who has waited longest comes first. */
const DEFAULTS = { keyword: '', transactionType: '', purpose: '', person: '', sort: 'created_at', page: '1', pageSize: '' }
/** As wide as the queue is beside the document, at the least; a column without a width of its own counts as much. */
const NARROW = 380
const OWN = 330
const PICK = 50

/** The list of documents that wait; `show` opens one beside it. */
export function useQueue(show: (id: number) => unknown) {
  const { t } = useI18n()
  const columns = (): Column<DocumentRow>[] => [
    { key: 'what', label: t('approval.document'), sort: 'created_at' },
    { key: 'code', label: t('documents.number'), width: '168px', sort: 'transaction_code', extra: true, text: (row) => row.transaction_code },
    { key: 'type', label: t('documents.type'), width: '112px', extra: true },
    { key: 'material', label: t('shared.document.material'), width: '180px', extra: true, text: (row) => row.material_name },
    {
      key: 'quantity', label: t('shared.document.quantity'), width: '128px', align: 'right', extra: true,
      text: (row) => (row.line_count > 1 ? t('documents.lineCount', { n: row.line_count }) : `${formatQuantity(row.quantity, row.unit_decimals)} ${row.unit}`),
    },
    {
      key: 'amount', label: t('documents.amount'), width: '128px', align: 'right', extra: true,
      text: (row) => (row.total_amount === null ? '—' : formatMoney(row.total_amount)),
    },
    { key: 'applicant', label: t('shared.document.applicant'), width: '120px', extra: true, text: (row) => row.applicant_name ?? '' },
    { key: 'created', label: t('shared.document.createdAt'), width: '152px', extra: true, text: (row) => formatTime(row.created_at) },
    { key: 'remark', label: t('shared.remark'), width: '180px', extra: true, text: (row) => row.remark ?? '' },
  ]
  const list = useList<DocumentRow, typeof DEFAULTS>({
    name: 'approval',
    topic: 'documents',
    path: '/inventory/pending',
    defaults: DEFAULTS,
    columns,
    words: (filters) => ({
      keyword: [t('lists.keyword'), filters.keyword],
      ...wordsOf(choicesOf(t), filters),
      person: [t('approval.person'), filters.person],
    }),
    open: (row) => void show(row.id),
    follows: true,
    keys: () => [
      { press: ['A'], text: t('approval.approve') },
      { press: ['R'], text: t('approval.reject') },
    ],
  })
  /** What its columns want. */
  const width = computed(() => Math.max(NARROW, list.setup.columns.value.reduce((sum, column) => sum + (pixels(column.width) ?? OWN), PICK)))
  return { list, width }
}
