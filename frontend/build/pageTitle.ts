import type { Plugin } from 'vite'

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** VITE_APP_TITLE: what the tab says before the program has come (after that: src/app/i18n.ts). */
export function pageTitle(): Plugin {
  let title = ''
  return {
    name: 'mms-page-title',
    configResolved({ env }) {
      title = String(env.VITE_APP_TITLE ?? '').trim()
    },
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => (title ? html.replace(/<title>[^<]*<\/title>/, () => `<title>${title.replace(/[&<>]/g, (sign) => ESCAPED[sign] ?? sign)}</title>`) : html),
    },
  }
}
