/** Day and time where the company is, in the words of a language; null when the browser does not know the zone. */
export function companyTime(when: Date, zone: string, language: string): string | null {
  try {
    return new Intl.DateTimeFormat(language, {
      timeZone: zone, month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
    }).format(when)
  } catch {
    return null
  }
}
