/**
 * Reads codes where the browser cannot. It compiles wasm, which the page may not: a worker runs under the policy that comes with its
 * own file, and the service gives this one to files whose names end in `.worker.js`.
 */
import { BarcodeDetector, prepareZXingModule } from 'barcode-detector/ponyfill'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'
import { FORMATS, type Found, type Frame } from './formats'

prepareZXingModule({ overrides: { locateFile: () => wasm } })
const detector = new BarcodeDetector({ formats: [...FORMATS] })
const reply = (found: Found) => (globalThis as unknown as { postMessage: (message: Found) => void }).postMessage(found)

globalThis.onmessage = async ({ data }: MessageEvent<Frame>) => {
  try {
    const [first] = await detector.detect(data.picture)
    reply({ id: data.id, code: first?.rawValue ?? null })
  } catch (fault) {
    reply({ id: data.id, code: null, fault: String(fault) })
  } finally {
    data.picture.close()
  }
}
