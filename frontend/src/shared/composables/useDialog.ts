import { onBeforeUnmount, onMounted, type ShallowRef, useTemplateRef } from 'vue'

/** The browser's own window over the page, `<dialog ref="dialog">`: open as long as its component is there; the focus goes back by itself. */
export function useDialog(): Readonly<ShallowRef<HTMLDialogElement | null>> {
  const dialog = useTemplateRef<HTMLDialogElement>('dialog')
  onMounted(() => dialog.value?.showModal())
  onBeforeUnmount(() => dialog.value?.close())
  return dialog
}
