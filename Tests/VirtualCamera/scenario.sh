# Run inside the virtual machine by busybox' shell: streams from the kernel's own test drivers while faults are injected
# into them, and checks what CameraProbe said. Prints "ok NAME" or "FAILED NAME: why", and exits with the failures' number.
probe=/camera/CameraProbe
failures=0
log=/tmp/log

verdict() { # NAME CONDITION-STATUS WHY
  if [ "$2" = 0 ]; then echo "ok $1"; else echo "FAILED $1: $3"; failures=$((failures + 1)); tail -4 $log; fi
}

# Seconds on the probe's own clock; 0 before its first line.
frames() { grep -c '^frame' $log; }
wait_frames() { # COUNT SECONDS
  n=0
  while [ "$(frames)" -lt "$1" ] && [ $n -lt $(($2 * 10)) ]; do sleep 0.1; n=$((n + 1)); done
  [ "$(frames)" -ge "$1" ]
}

# The eight bars of the test picture, each darker than the one before it.
bars_fall() {
  tail -1 $log.frames | sed 's/.*bars=//' | awk -F, '{ for (i = 2; i <= 8; i++) if ($i >= $(i - 1)) exit 1 }'
}

# ---- Pictures of every kind of format -------------------------------------------------------------------------------

picture() { # DEVICE SIZE FOURCC EXPECTED-FORMAT
  $probe watch $1 4 $2 $3 > $log 2>&1
  grep '^frame' $log > $log.frames
  [ "$(frames)" -ge 3 ] && tail -1 $log.frames | grep -q "format=$4 size=$2 "
  verdict "picture $3 $2" $? "no frames of $4"
  bars_fall
  verdict "bars of $3 $2" $? "$(tail -1 $log.frames)"
}

# ---- Faults while streaming -----------------------------------------------------------------------------------------

# Starts a stream in the background, waits for pictures, runs the fault, and checks that pictures come again.
fault() { # NAME DEVICE INJECTION SECONDS EXPECTED-TEXT
  $probe watch $2 $(($4 + 6)) 640x480 > $log 2>&1 &
  watcher=$!
  wait_frames 8 20 || { verdict "$1" 1 "no stream to begin with"; kill $watcher; wait $watcher; return; }
  before=$(frames)
  sh -c "$3" > /tmp/injection 2>&1
  wait $watcher
  after=$(awk -v text="$5" 'found && /^frame/ { n++ } index($0, text) { found = 1 } END { print n + 0 }' $log)
  [ "$after" -ge 3 ]
  verdict "$1" $? "'$5' was not said, or $after frames after it (before: $before; injection: $(tail -1 /tmp/injection))"
  grep -E '^(nosignal|notice|source)' $log | sed 's/^/    /' | head -${SHOWN:-6}
}

set_control() { echo "$probe set $1 $2"; }

if [ -e /camera/vivid ]; then
  $probe list
  # vivid counts time its own way unless told to stamp at the start of the exposure.
  $probe set /dev/video0 timestamp_source=1
  for format in "YUYV yuyv" "NV12 nv12" "GREY gray8" "RGB3 rgb24" "RGBP rgb24" "BA81 rgb24"; do
    set -- $format
    picture /dev/video0 640x480 $1 $2
    picture /dev/video0 1280x720 $1 $2
  done

  fault "damaged buffer" /dev/video0 "$(set_control /dev/video0 inject_v4l2_buf_flag_error=1)" 1 "damaged=1"
  fault "QBUF fails" /dev/video0 "for i in 1 2 3 4 5 6; do $(set_control /dev/video0 inject_vidioc_qbuf_error=1); sleep 0.2; done" 3 "frame"
  fault "fatal streaming error" /dev/video0 "$(set_control /dev/video0 inject_fatal_streaming_error=1)" 4 "the camera's driver failed"
  fault "REQBUFS fails at the restart" /dev/video0 \
    "$(set_control /dev/video0 inject_vidioc_reqbufs_error=1); $(set_control /dev/video0 inject_fatal_streaming_error=1)" 4 "retrying"
  fault "STREAMON fails at the restart" /dev/video0 \
    "$(set_control /dev/video0 inject_vidioc_streamon_error=1); $(set_control /dev/video0 inject_fatal_streaming_error=1)" 4 "retrying"
  fault "half of the buffers dropped" /dev/video0 \
    "$(set_control /dev/video0 percentage_of_dropped_buffers=50); sleep 3; $(set_control /dev/video0 percentage_of_dropped_buffers=0)" 5 "drops=1"
  fault "all buffers dropped" /dev/video0 \
    "$(set_control /dev/video0 percentage_of_dropped_buffers=100); sleep 3; $(set_control /dev/video0 percentage_of_dropped_buffers=0)" 7 "no frames from the camera"
  fault "sequence wraps" /dev/video0 \
    "$(set_control /dev/video0 wrap_sequence_number=1); $(set_control /dev/video0 inject_fatal_streaming_error=1)" 9 "retrying"
  # An emulated machine is late now and then; a wrap taken for a gap would be billions.
  grep '^frame' $log | tail -1 | grep -q 'drops=[0-9]\{1,2\} '
  verdict "no drops across the wrap" $? "$(grep '^frame' $log | tail -1)"
  $probe set /dev/video0 wrap_sequence_number=0
  # The node stays, and its users get ENODEV, until the driver is bound anew.
  fault "disconnect" /dev/video0 \
    "$(set_control /dev/video0 disconnect=1); sleep 2; echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind; sleep 0.5; echo vivid.0 > /sys/bus/platform/drivers/vivid/bind" \
    9 "the camera is disconnected"
  # A descriptor that somebody keeps open holds the number, so that the camera comes back under another one.
  sleep 60 < /dev/video0 &
  holder=$!
  fault "unbound, back under another number" /dev/video0 \
    "echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind; sleep 2; echo vivid.0 > /sys/bus/platform/drivers/vivid/bind" \
    9 "came back as /dev/video"
  kill $holder
  camera=$(grep '^source' $log | tail -1 | awk '{ print $2 }')
  $probe watch $camera 14 640x480 > /tmp/first 2>&1 &
  sleep 2
  $probe watch $camera 2 640x480 > $log 2>&1
  grep -q 'in use by another program' $log
  verdict "second client" $? "$(cat $log)"
  wait
fi

if [ -e /camera/hdmi ]; then
  hdmi=/dev/video0
  $probe set $hdmi timestamp_source=1
  fault "HDMI cable pulled" $hdmi "$(set_control $hdmi dv_timings_signal_mode=1); sleep 4; $(set_control $hdmi dv_timings_signal_mode=0)" 9 "no signal at the camera's input"
  fault "HDMI not locked" $hdmi "$(set_control $hdmi dv_timings_signal_mode=2); sleep 4; $(set_control $hdmi dv_timings_signal_mode=0)" 9 "no synchronisation at the camera's input"
fi

if [ -e /camera/uvc ]; then
  /camera/webcam /tmp/cable /camera/pictures/*.jpg &
  sleep 3
  $probe list
  picture /dev/video0 640x480 MJPG yuv420
  webcam() { echo "printf $1 > /tmp/cable"; }
  fault "picture cut short" /dev/video0 "$(webcam t)" 2 "damaged=1"
  fault "picture corrupted" /dev/video0 "$(webcam c)" 2 "frame"
  # uvcvideo keeps a picture with the error bit to itself.
  fault "error bit" /dev/video0 "$(webcam e)" 2 "drops=1"
  fault "empty picture" /dev/video0 "$(webcam n)" 2 "frame"
  # All four queued buffers come back marked.
  fault "failed transfer" /dev/video0 "$(webcam x)" 2 "damaged=4"
  fault "five failed transfers" /dev/video0 "$(webcam X)" 12 "the camera sends only damaged pictures"
  fault "stall" /dev/video0 "$(webcam s); sleep 2; $(webcam g)" 6 "no frames from the camera"
  fault "unplugged and plugged in" /dev/video0 "$(webcam u); sleep 3; $(webcam p)" 10 "the camera is disconnected"
  sleep 60 < "$(ls /dev/video* | head -1)" &
  holder=$!
  fault "plugged in under another number" "$(ls /dev/video* | head -1)" "$(webcam u); sleep 3; $(webcam p)" 12 "came back as /dev/video"
  kill $holder
  printf q > /tmp/cable
fi

grep '^summary' $log
exit $failures
