import { expect, it } from 'vitest'
import { formatBytes } from './size'

it('says how much that is', () => {
  expect([0, 1023, 1024, 19_503_513, 2 ** 41].map(formatBytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '18.6 MiB', '2.0 TiB'])
})
