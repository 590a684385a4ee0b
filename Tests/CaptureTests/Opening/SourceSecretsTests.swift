import Capture
import Foundation
import Ground
import Logging
import Testing

@Suite struct SourceSecretsTests {
  @Test(arguments: [
    ("rtsp://admin:hunter2@10.0.0.5:554/stream1", "rtsp://admin:***@10.0.0.5:554/stream1"),
    ("http://cam/video?user=me&password=hunter2&size=1", "http://cam/video?user=me&password=***&size=1"),
    ("http://cam/video?access_token=hunter2", "http://cam/video?access_token=***"),
    ("rtsp://h/user=admin_password=hunter2_channel=1.sdp", "rtsp://h/user=admin_password=***"),
    ("rtsp://admin:hun/ter2@host/", "rtsp://admin:***@host/"),
    ("rtsp://admin:h@nter2@host/", "rtsp://admin:***@host/"),
    ("rtsp://:hunter2@host", "rtsp://:***@host"),
    ("http://host:8080/a@b", "http://host:8080/a@b"),
    ("http://host/a:b@c", "http://host/a:b@c"),
    ("http://host:80/x?Api_KEY=hunter2", "http://host:80/x?Api_KEY=***"),
    (
      "open 'rtsp://a:hunter2@b/' and rtsp://c:hunter2@d: refused",
      "open 'rtsp://a:***@b/' and rtsp://c:***@d: refused"
    ),
    ("/dev/video0", "/dev/video0"), ("demo:seed=7", "demo:seed=7"), ("", ""), ("://", "://"), ("a://@", "a://@"),
    ("a photo with password=x.jpg", "a photo with password=x.jpg"),
  ])
  func secretsAreHidden(text: String, expected: String) {
    #expect(SourceSecrets.redacted(text) == expected)
  }

  @Test func anythingMayBeGiven() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let alphabet = Array("a:/@?&=' é0pwd")
      let text = String(
        (0..<Int.random(in: 0..<24, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
      _ = SourceSecrets.redacted("x://" + text + "://" + text)
    }
  }

  /// What a stream says of itself, its errors, and what it logs.
  @Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
  func streamsKeepTheirPasswordsToThemselves() throws {
    TestLog.isOn
    let address = "http://admin:hunter2@127.0.0.1:1/video?token=hunter2"
    let error = #expect(throws: CaptureError.self) { try FFmpegSource(stream: address) }
    #expect(error?.line.contains("hunter2") == false)
    #expect(error?.place == "http://admin:***@127.0.0.1:1/video?token=***")
    var request = SourceRequest()
    request.waits = true
    let source = try FFmpegSource(stream: address, request: request)
    #expect(source.description.name == "http://admin:***@127.0.0.1:1/video?token=***")
    for _ in 0..<20 {
      if case .noSignal(let reason, _) = try source.next(timeout: 100) { #expect(!reason.contains("hunter2")) }
    }
    source.close()
    let lines = TestLog.all.filter { $0.contains("127.0.0.1:1/") }
    #expect(!lines.isEmpty)
    #expect(lines.allSatisfy { !$0.contains("hunter2") })
  }
}
