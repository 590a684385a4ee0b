import Dashboard
import Pipeline
import Testing

@Suite struct MachineTextTests {
  private var status: MachineStatus {
    var status = MachineStatus()
    status.busy = 0.534
    status.processCores = 1.24
    status.cores = 4
    status.temperature = 61.8
    status.throttled = []
    status.memoryUsed = 3 << 29
    status.memoryTotal = 8 << 30
    status.processMemory = 1 << 29
    return status
  }

  @Test func whatIsKnownIsSaid() {
    #expect(
      MachineText.parts(of: status) == ["62°C", "CPU 53%", "own 1.2 of 4", "mem 1.5/8.0 GiB", "own 0.5 GiB"])
    #expect(
      MachineText.parts(of: status, isLong: true) == [
        "not throttled", "62°C", "CPU 53% busy", "this process 1.2 of 4 cores", "memory 1.5/8.0 GiB",
        "this process 0.5 GiB",
      ])
    #expect(MachineText.parts(of: MachineStatus()).isEmpty)
  }

  @Test func whatHoldsTheClockBackComesFirst() {
    var hot = status
    hot.throttled = ["under-voltage", "hot"]
    #expect(MachineText.parts(of: hot).first == "THROTTLED: under-voltage, hot")
  }
}
