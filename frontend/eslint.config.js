import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

/** Quantities and money are text; a JavaScript number holds 15 digits of them. See src/shared/decimal. */
const noNumbersFromText = [
  { selector: "CallExpression[callee.name='parseFloat']", message: 'Decimals stay text: use shared/decimal.' },
  { selector: "CallExpression[callee.name='Number']", message: 'Decimals stay text: use shared/decimal, or wholeNumber() for ids and pages.' },
  { selector: "CallExpression[callee.object.name='Number'][callee.property.name=/^parse/]", message: 'Use wholeNumber() for ids and pages.' },
  { selector: "UnaryExpression[operator='+']:not([argument.type='Literal'])", message: 'Decimals stay text: use shared/decimal.' },
]

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'src/components.d.ts'] },
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    files: ['**/*.{ts,vue}'],
    rules: {
      'no-restricted-syntax': ['error', ...noNumbersFromText],
      'vue/no-restricted-syntax': ['error', ...noNumbersFromText],
      'vue/no-v-html': 'error',
      'vue/no-v-text-v-html-on-component': 'error',
      // The page runs under a policy without 'unsafe-inline': a style attribute in markup is refused by the browser.
      'vue/no-static-inline-styles': ['error', { allowBinding: true }],
      'vue/no-undef-components': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/define-macros-order': 'error',
      'vue/max-lines-per-block': ['error', { script: 220, template: 220, skipBlankLines: true }],
      'max-lines': ['error', { max: 300 }],
      // Layout of the markup is a matter of taste, and of the width of the line.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // A feature may use shared, api and app's composables, never another feature's inside.
    files: ['src/features/**/*.{ts,vue}'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@/features/*', '../../*'] }] },
  },
  {
    files: ['src/shared/**/*.{ts,vue}', 'src/api/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['@/features/*', '@/app/*'] }] },
  },
  { files: ['src/shared/wholeNumber.ts', 'src/shared/charts/position.ts'], rules: { 'no-restricted-syntax': 'off' } },
)
