import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moved, squareOf, WHOLE, ZOOM_MAX } from './crop'

const crops = fc.record({ x: fc.double({ min: -1, max: 2, noNaN: true }), y: fc.double({ min: -1, max: 2, noNaN: true }), zoom: fc.double({ min: 0, max: 10, noNaN: true }) })
const length = fc.integer({ min: 1, max: 6000 })

describe('the square of a portrait', () => {
  it('is the middle at first', () => {
    expect(squareOf(WHOLE, 400, 200)).toEqual({ left: 100, top: 0, side: 200 })
  })
  it('lies within the picture, however it is pushed', () => {
    fc.assert(
      fc.property(crops, length, length, fc.integer({ min: -900, max: 900 }), fc.integer({ min: -900, max: 900 }), (crop, width, height, dx, dy) => {
        const { left, top, side } = squareOf(moved(crop, dx, dy, 240, width, height), width, height)
        expect(side).toBeGreaterThanOrEqual(Math.min(width, height) / ZOOM_MAX)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(top).toBeGreaterThanOrEqual(0)
        expect(left + side).toBeLessThanOrEqual(width + 1e-6)
        expect(top + side).toBeLessThanOrEqual(height + 1e-6)
      }),
    )
  })
  it('follows the finger', () => {
    const near = { ...WHOLE, zoom: 2 }
    expect(squareOf(moved(near, 24, 0, 240, 480, 480), 480, 480).left).toBeCloseTo(96)
  })
})
