const BROWSERS: [RegExp, string][] = [[/Edg\//, 'Edge'], [/MicroMessenger/, 'WeChat'], [/DingTalk/, 'DingTalk'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']]
const SYSTEMS: [RegExp, string][] = [[/Windows/, 'Windows'], [/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']]

/** What a person recognises of a User-Agent: `Chrome · Windows`. Other programs by the first word they call themselves. */
export function deviceOf(agent: string | null): string {
  if (!agent) return ''
  const found = (known: [RegExp, string][]) => known.find(([sign]) => sign.test(agent))?.[1]
  const names = [found(BROWSERS), found(SYSTEMS)].filter(Boolean)
  return names.length ? names.join(' · ') : agent.slice(0, 40)
}
