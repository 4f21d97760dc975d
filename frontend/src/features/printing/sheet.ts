/** What stands on a printed form: the same model for documents, counts and ledgers. */
export interface SheetColumn {
  key: string
  title: string
  /** Its share of the width. */
  width: number
  number?: boolean
}

export type SheetRow = Record<string, string>

export interface Sheet {
  title: string
  /** The number of what is printed; a QR code says it, too. */
  code: string
  facts: { label: string; text: string }[]
  /** Many columns: smaller type, closer together. */
  dense?: boolean
  columns: SheetColumn[]
  rows: SheetRow[]
  /** By column what rows come to; null for forms that are not added up. */
  sums: ((from: number, to: number) => SheetRow) | null
  /** Sentences below the sum, on the last page. */
  ending: string[]
  signatures: { label: string; name: string }[]
}
