import { describe, expect, it } from 'vitest'
import { addressOf, baseOf, fileAddressOf } from './address'

describe('where the service is', () => {
  it('is with the page, when the build was told nothing', () => {
    expect(addressOf('/materials')).toBe('/api/materials')
    expect(fileAddressOf('/uploads/avatars/1.png')).toBe('/uploads/avatars/1.png')
  })
  it.each([
    [undefined, ''], ['', ''], [' ', ''], ['/', ''], ['/api', ''], ['/api/', ''], ['/mms/api', '/mms'],
    ['https://api.example.com', 'https://api.example.com'], ['https://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com/api', 'https://api.example.com'], ['https://example.com/mms/api//', 'https://example.com/mms'],
    ['https://example.com/my-api', 'https://example.com/my-api'],
  ])('%s stands for %s', (told, base) => {
    expect(baseOf(told)).toBe(base)
    expect(addressOf('/health', {}, base)).toBe(`${base}/api/health`)
    expect(fileAddressOf('/uploads/a.png', base)).toBe(`${base}/uploads/a.png`)
  })
  it('leaves out of the query what says nothing', () => {
    expect(addressOf('/x', { a: 1, b: '', c: null, d: undefined, e: false, f: 'ä&' }, 'https://h')).toBe('https://h/api/x?a=1&e=false&f=%C3%A4%26')
  })
  it('leaves alone what is no path of the service', () => {
    expect(fileAddressOf('data:image/png;base64,AA', 'https://h')).toBe('data:image/png;base64,AA')
  })
})
