// Stands in for NVIDIA's management library: two devices, of which the first has no energy counter. Each reading of the
// second is 250 J after the one before.
extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static int devices[2];
  *device = &devices[index];
  devices[index] = static_cast<int>(index);
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  static unsigned long long used = 1000;
  if (*static_cast<int*>(device) == 0) return 3;
  *millijoules = used += 250000;
  return 0;
}
}
