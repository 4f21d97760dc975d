export interface Column<Row> {
  key: string
  label: string
  /** CSS width in px; without one the column shares what is left. */
  width?: string
  align?: 'left' | 'right' | 'center'
  /** Name of the sort at the server. */
  sort?: string
  /** Only where there is room for it. */
  wide?: boolean
  /** Only for those who ask for it. */
  extra?: boolean
  text?: (row: Row) => string
}

export function nextSort(present: string, column: string): string {
  return present === column ? `-${column}` : column
}

export function ariaSort(present: string, column: string | undefined): 'ascending' | 'descending' | undefined {
  if (!column) return undefined
  return present === column ? 'ascending' : present === `-${column}` ? 'descending' : undefined
}
