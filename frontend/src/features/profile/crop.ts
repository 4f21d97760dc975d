/** The square of a picture that becomes the portrait: its middle as a share of the picture, and how far one has come closer. */
export interface Crop {
  x: number
  y: number
  /** 1: as much as fits; 4: a quarter of its width. */
  zoom: number
}

export const ZOOM_MAX = 5
export const WHOLE: Crop = { x: 0.5, y: 0.5, zoom: 1 }

export interface Square {
  left: number
  top: number
  side: number
}

/** In pixels of the picture; never beyond its edges. */
export function squareOf(crop: Crop, width: number, height: number): Square {
  const side = Math.min(width, height) / Math.min(ZOOM_MAX, Math.max(1, crop.zoom))
  const within = (middle: number, length: number) => Math.min(length - side, Math.max(0, middle * length - side / 2))
  return { left: within(crop.x, width), top: within(crop.y, height), side }
}

/** Moved by so many pixels of a view that is `view` wide: the picture follows the finger. */
export function moved(crop: Crop, dx: number, dy: number, view: number, width: number, height: number): Crop {
  const { left, top, side } = squareOf(crop, width, height)
  const scale = side / view
  const middle = { ...crop, x: (left + side / 2 - dx * scale) / width, y: (top + side / 2 - dy * scale) / height }
  const kept = squareOf(middle, width, height)
  return { ...middle, x: (kept.left + side / 2) / width, y: (kept.top + side / 2) / height }
}
