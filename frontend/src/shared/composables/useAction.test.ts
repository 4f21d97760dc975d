import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { useAction, useActionInTurn } from './useAction'

/** Work that ends when it is told to. */
function slow() {
  const begun: string[] = []
  const ends: ((fault?: Error) => void)[] = []
  const work = (name: string) => {
    begun.push(name)
    return new Promise<string>((resolve, reject) => ends.push((fault) => (fault ? reject(fault) : resolve(name))))
  }
  return { begun, ends, work }
}
const later = () => new Promise((resolve) => setTimeout(resolve))

describe('what somebody sets off', () => {
  it('is done once, however often it is clicked', async () => {
    const { begun, ends, work } = slow()
    const { run, busy } = useAction(work)
    const first = run('a')
    expect(await run('b')).toBe(undefined)
    expect(busy.value).toBe(true)
    ends[0]?.()
    expect([await first, busy.value, begun]).toEqual(['a', false, ['a']])
  })

  it('waits for its turn where none may be lost, and tells a failure although the next one succeeds', async () => {
    const { begun, ends, work } = slow()
    const { run, busy, problem } = useActionInTurn(work)
    const all = [run('a'), run('b'), run('c')]
    await later()
    expect(begun).toEqual(['a'])
    ends[0]?.(new Problem(409, { code: 'version_conflict' }))
    await later()
    ends[1]?.()
    await later()
    expect(busy.value).toBe(true)
    ends[2]?.()
    expect(await Promise.all(all)).toEqual([undefined, 'b', 'c'])
    expect([busy.value, problem.value?.code]).toEqual([false, 'version_conflict'])
    void run('d')
    expect(problem.value).toBe(null)
  })
})
