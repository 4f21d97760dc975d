/**
 * The list of what is in the image of the page (CycloneDX), on standard output:
 *   node imageList.mjs THIRD-PARTY.JSON PACKAGES VERSION CREATED
 * The packages whose code is in the build, as the build itself tells them, and those of nginx's image (image-packages.sh).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [thirdParty, packages, version, created] = process.argv.slice(2)

const ofPage = JSON.parse(readFileSync(thirdParty, 'utf8')).map((one) => ({
  type: 'library', name: one.name, version: one.version, licenses: [{ license: { name: one.licence } }],
  purl: `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`,
}))
const ofServer = readFileSync(packages, 'utf8').trim().split('\n').map((line) => {
  const [kind, name, of] = line.split(' ')
  return { type: 'library', name, version: of, purl: `pkg:${kind}/${kind === 'deb' ? 'debian' : 'alpine'}/${name}@${of.replaceAll('+', '%2B')}` }
})
if (ofPage.length === 0 || ofServer.length === 0) throw new Error('no packages')

const components = [...ofPage, ...ofServer].map((one) => ({ ...one, 'bom-ref': one.purl }))
const application = { type: 'application', name: 'mms-frontend', version, 'bom-ref': `mms-frontend@${version}` }
const content = {
  bomFormat: 'CycloneDX', specVersion: '1.5', version: 1,
  metadata: { timestamp: created, component: application },
  components,
  dependencies: [{ ref: application['bom-ref'], dependsOn: components.map((one) => one['bom-ref']) }],
}
const id = createHash('sha256').update(JSON.stringify(content)).digest('hex')
content.serialNumber = `urn:uuid:${id.slice(0, 8)}-${id.slice(8, 12)}-5${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`
process.stdout.write(`${JSON.stringify(content, null, 1)}\n`)
