import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { useSubmitKey } from './useSubmitKey'

describe('the key of a submission', () => {
  it('stays while the outcome is unknown and changes after a refusal', async () => {
    const once = useSubmitKey()
    const keys: string[] = []
    const refuse = (problem: Problem) => (key: string) => {
      keys.push(key)
      return Promise.reject(problem)
    }
    await expect(once(refuse(new Problem(0, {})))).rejects.toThrow()
    await expect(once(refuse(new Problem(400, { code: 'insufficient_stock' })))).rejects.toThrow()
    await once((key) => Promise.resolve(keys.push(key)))
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })
})
