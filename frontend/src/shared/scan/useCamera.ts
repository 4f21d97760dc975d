/** The camera of the device, reading codes until it is closed; and pictures taken otherwise. */
import { onScopeDispose, ref, type Ref } from 'vue'
import { type Decoder, makeDecoder } from './decoder'
import { makeSeen } from './seen'

export type CameraFault = 'insecure' | 'denied' | 'missing' | 'busy' | 'unreadable'
export type CameraState = 'starting' | 'on' | CameraFault

const PAUSE_MS = 120
/** Photos are larger than a code needs. */
const WIDEST = 2000

/** As getUserMedia says it. */
export function cameraFaultOf(fault: unknown): CameraFault {
  const name = fault instanceof DOMException ? fault.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return 'busy'
}

export function useCamera(video: Ref<HTMLVideoElement | undefined>, scanned: (code: string) => void) {
  const state = ref<CameraState>('starting')
  const canLight = ref(false)
  const light = ref(false)
  const isNew = makeSeen()
  let stream: MediaStream | null = null
  let decoder: Promise<Decoder> | null = null
  let over = false

  async function read(picture: ImageBitmap): Promise<string | null> {
    decoder ??= makeDecoder()
    return (await decoder).read(picture)
  }

  async function look(): Promise<void> {
    const seen = video.value
    if (!seen || seen.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || seen.videoWidth === 0) return
    const code = await read(await createImageBitmap(seen))
    if (isNew(code || null, performance.now()) && code && !over) scanned(code)
  }

  async function watchOn(): Promise<void> {
    while (!over && state.value === 'on') {
      try {
        await look()
      } catch {
        if (!over) state.value = 'unreadable'
        return
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  function release(): void {
    for (const track of stream?.getTracks() ?? []) track.stop()
    stream = null
  }

  async function start(): Promise<void> {
    // Browsers give the camera only to pages that came over https or from localhost.
    const devices = navigator.mediaDevices as MediaDevices | undefined
    if (!devices) {
      state.value = 'insecure'
      return
    }
    try {
      stream = await devices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false })
      if (over) return release()
      const [track] = stream.getVideoTracks()
      canLight.value = Boolean((track?.getCapabilities?.() as { torch?: boolean } | undefined)?.torch)
      if (!video.value) return release()
      video.value.srcObject = stream
      await video.value.play()
      state.value = 'on'
      void watchOn()
    } catch (fault) {
      release()
      if (!over) state.value = cameraFaultOf(fault)
    }
  }

  async function switchLight(): Promise<void> {
    const [track] = stream?.getVideoTracks() ?? []
    await track?.applyConstraints({ advanced: [{ torch: !light.value } as MediaTrackConstraintSet] })
    light.value = !light.value
  }

  /** False: there is no code in it. */
  async function readPhoto(photo: Blob): Promise<boolean> {
    const whole = await createImageBitmap(photo)
    const picture = whole.width > WIDEST ? await createImageBitmap(whole, { resizeWidth: WIDEST, resizeQuality: 'medium' }) : whole
    if (picture !== whole) whole.close()
    const code = await read(picture)
    if (code && !over) scanned(code)
    return code !== null
  }

  onScopeDispose(() => {
    over = true
    release()
    void decoder?.then((made) => made.close())
  })
  return { state, canLight, light, start, switchLight, readPhoto }
}
