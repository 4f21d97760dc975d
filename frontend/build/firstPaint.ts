import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** The page's policy allows no script in the markup, so this is a file: small, and kept by the browser for as long as it is the same. */
export function firstPaint(): Plugin {
  let code = ''
  let file = ''
  let building = false
  return {
    name: 'mms-first-paint',
    configResolved({ root, command }) {
      code = readFileSync(join(root, 'build/firstPaint.js'), 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\n|^\s*\/\/.*\n/gm, '')
      file = `assets/first-${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`
      building = command === 'build'
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: file, source: code })
    },
    transformIndexHtml: {
      order: 'post',
      handler(html) {
        const tag = building ? `<script src="/${file}"></script>` : `<script>${code}</script>`
        if (!html.includes('<title>')) throw new Error('index.html has no title to put the first script before')
        return html.replace('<title>', `${tag}\n    <title>`)
      },
    },
  }
}
