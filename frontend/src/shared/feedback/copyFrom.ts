/** Puts what an element says on the clipboard. Without https the browser gives no clipboard: then by way of the selection, within a dialog too. */
export async function copyFrom(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent)
    return true
  } catch {
    window.getSelection()?.selectAllChildren(element)
    return document.execCommand('copy')
  }
}
