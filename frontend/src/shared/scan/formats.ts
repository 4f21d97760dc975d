/** What stands on labels: ours (QR), those of suppliers and of trade. */
export const FORMATS = ['qr_code', 'data_matrix', 'code_128', 'code_39', 'ean_13', 'ean_8', 'upc_a', 'itf'] as const

/** To the worker and back. */
export interface Frame {
  id: number
  picture: ImageBitmap
}
export interface Found {
  id: number
  code: string | null
  fault?: string
}
