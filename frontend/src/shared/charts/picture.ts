/** A picture as a file: with its title, and the day on which it was taken. */
const SCALE = 2
const EDGE = 16
const HEAD = 56

export interface Caption {
  title: string
  note: string
  text: string
  soft: string
  card: string
  font: string
}

function write(to: CanvasRenderingContext2D, { title, note, text, soft, font }: Caption): void {
  to.textBaseline = 'top'
  to.fillStyle = text
  to.font = `600 16px ${font}`
  to.fillText(title, EDGE, EDGE)
  to.fillStyle = soft
  to.font = `12px ${font}`
  to.fillText(note, EDGE, EDGE + 22)
}

/** `plot`: drawn at SCALE. */
export function pictureOf(plot: HTMLCanvasElement, caption: Caption): Promise<Blob> {
  const sheet = document.createElement('canvas')
  sheet.width = plot.width + 2 * EDGE * SCALE
  sheet.height = plot.height + (HEAD + EDGE) * SCALE
  const to = sheet.getContext('2d')
  if (!to) return Promise.reject(new Error('no canvas'))
  to.fillStyle = caption.card
  to.fillRect(0, 0, sheet.width, sheet.height)
  to.drawImage(plot, EDGE * SCALE, HEAD * SCALE)
  to.scale(SCALE, SCALE)
  write(to, caption)
  return new Promise((resolve, reject) => sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png'))
}

export const PICTURE_SCALE = SCALE

/** Has the browser keep it under that name. */
export function keepFile(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
