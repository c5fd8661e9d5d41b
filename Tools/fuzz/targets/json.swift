import ApusJSON

/// A document that is accepted is written and read again: it must be the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let value = try? JSONValue(parsing: bytes) else { return 0 }
  let text = value.serialized()
  let again = (try? JSONValue(parsing: text))?.serialized() ?? ""
  precondition(text.utf8.elementsEqual(again.utf8), "written and read again it differs")
  return 0
}
