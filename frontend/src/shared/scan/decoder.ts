/** Finds a code in a picture: by the browser where it can, else by a worker, whose file and wasm come only then. */
import { FORMATS, type Found } from './formats'

export interface Decoder {
  /** The code in the picture, or null. The picture is used up. Rejects when codes cannot be read at all. */
  read: (picture: ImageBitmap) => Promise<string | null>
  close: () => void
}

interface Native {
  detect: (picture: ImageBitmap) => Promise<{ rawValue: string }[]>
}
interface NativeClass {
  new (options: { formats: string[] }): Native
  getSupportedFormats: () => Promise<string[]>
}

/** Some browsers have the class and, on this device, nothing behind it, or not every kind of code. */
async function nativeDetector(): Promise<Native | null> {
  const found = (globalThis as { BarcodeDetector?: NativeClass }).BarcodeDetector
  if (!found) return null
  try {
    const able = await found.getSupportedFormats()
    return FORMATS.every((format) => able.includes(format)) ? new found({ formats: [...FORMATS] }) : null
  } catch {
    return null
  }
}

const startWorker = () => new Worker(new URL('./scan.worker.ts', import.meta.url), { type: 'module' })

export function workerDecoder(worker: Worker = startWorker()): Decoder {
  const waiting = new Map<number, { resolve: (code: string | null) => void; reject: (fault: Error) => void }>()
  let last = 0
  let broken: Error | null = null

  function fail(fault: Error): void {
    broken = fault
    for (const { reject } of waiting.values()) reject(fault)
    waiting.clear()
  }

  worker.onmessage = ({ data }: MessageEvent<Found>) => {
    const asked = waiting.get(data.id)
    waiting.delete(data.id)
    if (data.fault === undefined) asked?.resolve(data.code)
    else asked?.reject(new Error(data.fault))
  }
  worker.onerror = (event) => {
    event.preventDefault()
    fail(new Error(event.message || 'the worker did not start'))
  }

  return {
    read(picture) {
      if (broken) {
        picture.close()
        return Promise.reject(broken)
      }
      last += 1
      const id = last
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, picture }, [picture])
      })
    },
    close() {
      worker.terminate()
      fail(new Error('closed'))
    },
  }
}

function nativeDecoder(native: Native): Decoder {
  return {
    async read(picture) {
      try {
        const [first] = await native.detect(picture)
        return first?.rawValue ?? null
      } finally {
        picture.close()
      }
    },
    close: () => undefined,
  }
}

export async function makeDecoder(): Promise<Decoder> {
  const native = await nativeDetector()
  return native ? nativeDecoder(native) : workerDecoder()
}
