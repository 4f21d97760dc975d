import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'
import { firstPaint } from './build/firstPaint.ts'
import { offline } from './build/offline.ts'
import { pageTitle } from './build/pageTitle.ts'
import { precompress } from './build/precompress.ts'
import { thirdParty } from './build/thirdParty.ts'
import manifest from './package.json' with { type: 'json' }

const packages = thirdParty()

export default defineConfig({
  plugins: [
    vue(),
    // Element Plus on demand: what a template names is imported together with its style, nothing else.
    components({ dirs: [], dts: 'src/components.d.ts', resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
    pageTitle(),
    firstPaint(),
    offline(
      [
        'src/app/AppShell.vue', 'src/features/counting/CountPhone.vue', 'src/shared/scan/ScanDialog.vue',
        ...['zh-CN', 'en'].flatMap((language) => [`src/locales/${language}/index.ts`, `src/locales/${language}/pages.ts`, `src/locales/${language}/counts.json`]),
      ],
      /\.(?:worker\.js|wasm)$/,
    ),
    packages.page,
    precompress(),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __MMS_VERSION__: JSON.stringify(manifest.version),
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  // The service gives `.worker.js` a policy of its own; see src/shared/scan/scan.worker.ts.
  worker: { format: 'es', plugins: () => [packages.worker()], rolldownOptions: { output: { entryFileNames: 'assets/[name]-[hash].worker.js' } } },
  build: {
    target: 'es2022',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What the sign-in page needs is two files; Element Plus, the query cache and what pages share come after it.
            { name: 'vue', test: /node_modules[\\/](?:@vue|vue|vue-router|vue-i18n|@intlify)[\\/]/, priority: 30 },
            { name: 'element', test: /node_modules[\\/](?:element-plus|@element-plus|@popperjs|@sxzz|@floating-ui|@vueuse|lodash|lodash-es|lodash-unified|@ctrl)[\\/]/, priority: 20, minShareCount: 2 },
            { name: 'app', test: /src[\\/](?:api[\\/](?!event)|features[\\/]\w+[\\/]routes|app[\\/](?!AppShell|AppHeader|AppMenu|CompanyClock|companyTime|NewMenu|PasswordDialog|CommandPalette|NotificationBell|Palette|live|menu|palette|usePalette|NotFound|NotPermitted|NewPassword)|shared[\\/](?:feedback|composables[\\/]useAction|form[\\/]PlainField))/, priority: 8 },
            // What only those need who write: with the first form.
            { name: 'forms', test: /src[\\/]shared[\\/](?:form[\\/](?:locked|followed|NewPasswordForm)|composables[\\/]use(?:UnsavedGuard|GuardedForm|SubmitKey))/, priority: 7, minShareCount: 2 },
            { name: 'shared', test: /src[\\/]shared[\\/](?!list|charts|form[\\/]day|documents|scan|roles|counts|materials[\\/]MaterialPicker)|plugin-vue:export-helper/, priority: 6, minShareCount: 2 },
            { name: 'list', test: /src[\\/]shared[\\/]list[\\/]/, priority: 5, minShareCount: 2 },
            { name: 'charts', test: /src[\\/]shared[\\/]charts[\\/](?!echarts)/, priority: 4, minShareCount: 2 },
            { name: 'materials', test: /src[\\/]features[\\/]materials/, priority: 4, minShareCount: 2 },
            { name: 'days', test: /src[\\/]shared[\\/]form[\\/]day[\\/]/, priority: 3, minShareCount: 2 },
            { name: 'documents', test: /src[\\/]shared[\\/]documents/, priority: 3, minShareCount: 2 },
            { name: 'entry', test: /src[\\/]shared[\\/](?:scan|materials[\\/]MaterialPicker)/, priority: 2, minShareCount: 2 },
            { name: 'desk', test: /src[\\/]shared[\\/](?:roles|counts)/, priority: 2, minShareCount: 2 },
            { name: 'query', test: /node_modules[\\/](?:@tanstack|big\.js)[\\/]/, priority: 10 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': 'http://localhost:3000', '/uploads': 'http://localhost:3000' } },
  test: {
    // Half of the time was a page for each file: those that want one say so at their head.
    environment: 'node',
    include: ['src/**/*.test.ts', 'tests/*.test.ts', 'build/*.test.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
})
