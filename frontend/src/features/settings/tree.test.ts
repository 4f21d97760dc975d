import { expect, it } from 'vitest'
import { asTree } from './tree'

it('puts each place below the one it lies in', () => {
  const all = [{ id: 1, parent_id: null }, { id: 2, parent_id: 5 }, { id: 3, parent_id: 1 }, { id: 5, parent_id: 1 }, { id: 9, parent_id: 77 }]
  expect(asTree(all).map(({ item, depth }) => [item.id, depth])).toEqual([[1, 0], [3, 1], [5, 1], [2, 2], [9, 0]])
})
