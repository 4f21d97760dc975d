import { describe, expect, it, vi } from 'vitest'
import { workerDecoder } from './decoder'
import type { Found, Frame } from './formats'
import { makeSeen } from './seen'

function fakeWorker() {
  const asked: Frame[] = []
  const worker = { postMessage: (frame: Frame) => asked.push(frame), terminate: vi.fn(), onmessage: null, onerror: null } as unknown as Worker
  const answer = (found: Found) => worker.onmessage?.({ data: found } as MessageEvent<Found>)
  return { worker, asked, answer }
}
const picture = () => ({ close: vi.fn() }) as unknown as ImageBitmap

describe('reading by a worker', () => {
  it('gives each picture its own answer, in whatever order they come', async () => {
    const { worker, asked, answer } = fakeWorker()
    const { read } = workerDecoder(worker)
    const [one, two] = [read(picture()), read(picture())]
    answer({ id: asked[1]?.id ?? 0, code: 'B' })
    answer({ id: asked[0]?.id ?? 0, code: null })
    expect(await Promise.all([one, two])).toEqual([null, 'B'])
  })
  it('says that it cannot read, to who waits and to who comes after', async () => {
    const { worker } = fakeWorker()
    const { read } = workerDecoder(worker)
    const waits = read(picture())
    worker.onerror?.({ message: 'refused by the policy', preventDefault: () => undefined } as unknown as ErrorEvent)
    await expect(waits).rejects.toThrow('refused by the policy')
    const late = picture()
    await expect(read(late)).rejects.toThrow('refused by the policy')
    expect(late.close).toHaveBeenCalled()
  })
  it('leaves nobody waiting when it is closed', async () => {
    const { worker } = fakeWorker()
    const decoder = workerDecoder(worker)
    const waits = decoder.read(picture())
    decoder.close()
    await expect(waits).rejects.toThrow('closed')
    expect(worker.terminate).toHaveBeenCalled()
  })
})

it('takes a label that stays before the camera once, and again when it comes back', () => {
  const isNew = makeSeen()
  expect([isNew('A', 0), isNew('A', 200), isNew(null, 400), isNew('A', 1600), isNew('B', 1700), isNew('A', 1800)]).toEqual([true, false, false, false, true, true])
  for (const now of [2000, 2500, 3000]) isNew(null, now)
  expect(isNew('A', 3200)).toBe(false) // not away for long enough
  for (const now of [3500, 4000, 4500]) isNew(null, now)
  expect(isNew('A', 4701)).toBe(true)
})

it('takes it once where each look takes seconds, and one of them is blurred', () => {
  const isNew = makeSeen()
  expect([isNew('A', 0), isNew('A', 3000), isNew(null, 6000), isNew('A', 9000)]).toEqual([true, false, false, false])
})
