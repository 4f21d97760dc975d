/**
 * Runs before anything is painted (firstPaint.ts names it in index.html): the page begins in the colours and the language that are
 * remembered on this device, not in others that change when the rest has come. src/app/look.ts goes on from there.
 */
{
  const root = document.documentElement
  const theme = localStorage.getItem('mms.theme')
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.classList.toggle('dark', dark)
  // Until the style sheet is here, the canvas is as the browser has it for this.
  document.querySelector('meta[name="color-scheme"]').content = dark ? 'dark' : 'light'
  root.dataset.accent = localStorage.getItem('mms.accent') ?? 'teal'
  if (localStorage.getItem('mms.language') === 'en') root.lang = 'en'
}
