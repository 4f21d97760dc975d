/** A sound and a shake for eyes that are on the shelf: high and short for good, low and long for a fault, rising for a place that is done. */
import { ref } from 'vue'
import { isQuiet, keepQuiet } from '@/shared/scan/quiet'

export type Signal = 'good' | 'bad' | 'done'
const TONES: Record<Signal, { hertz: number[]; seconds: number; shake: number[] }> = {
  good: { hertz: [1320], seconds: 0.08, shake: [40] },
  bad: { hertz: [220], seconds: 0.3, shake: [120, 60, 120] },
  done: { hertz: [880, 1320], seconds: 0.12, shake: [40, 40, 40] },
}
let audio: AudioContext | null = null

export const quiet = ref(isQuiet())

export function setQuiet(is: boolean): void {
  quiet.value = is
  keepQuiet(is)
}

export function signal(what: Signal): void {
  if (quiet.value) return
  const { hertz, seconds, shake } = TONES[what]
  if ('vibrate' in navigator) navigator.vibrate(shake)
  try {
    audio ??= new AudioContext()
    for (const [i, each] of hertz.entries()) {
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      const begin = audio.currentTime + i * seconds
      tone.frequency.value = each
      volume.gain.value = 0.08
      tone.connect(volume).connect(audio.destination)
      tone.start(begin)
      tone.stop(begin + seconds)
    }
  } catch {
    // A device without sound: the words on the screen say it.
  }
}
