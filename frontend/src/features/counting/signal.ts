/** A sound and a shake for eyes that are on the shelf: high and short for kept, low and long for refused. */
let audio: AudioContext | null = null

export function signal(good: boolean): void {
  if ('vibrate' in navigator) navigator.vibrate(good ? 40 : [120, 60, 120])
  try {
    audio ??= new AudioContext()
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = good ? 1320 : 220
    volume.gain.value = 0.08
    tone.connect(volume).connect(audio.destination)
    tone.start()
    tone.stop(audio.currentTime + (good ? 0.08 : 0.3))
  } catch {
    // A device without sound: the words on the screen say it.
  }
}
