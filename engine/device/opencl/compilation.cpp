#include "engine/device/opencl/compilation.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <numeric>
#include <system_error>
#include <thread>

#include "engine/base/cpu.h"
#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/device/left_behind.h"

namespace vireo::device::opencl {
namespace {

constexpr std::chrono::milliseconds kLook{50};

struct Job {
  OpenclKernel kernel;  ///< of its own: whoever asked may be gone
  std::string text, binary;
  std::shared_ptr<const Program> made;
  std::exception_ptr error;
};

/// Belongs to all threads that work on it.
struct Work {
  std::shared_ptr<OpenclDevice> device;
  std::vector<Job> jobs;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> order;  ///< in which they are taken
  std::size_t next = 0, done = 0;
  bool left = false;  ///< nobody waits

  void run() {
    ++compilations();
    std::unique_lock lock(mutex);
    while (!left && next < jobs.size()) {
      Job& job = jobs[order[next++]];
      lock.unlock();
      try {
        job.made = device->make_program(job.kernel, job.text, job.binary);
      } catch (...) {
        job.error = std::current_exception();
      }
      lock.lock();
      ++done;
      changed.notify_all();
    }
    --compilations();
  }
};

void run_apart(const std::shared_ptr<Work>& work, std::size_t count, const Loading& loading) {
  std::vector<std::thread> threads;
  try {
    while (threads.size() < count) threads.emplace_back([work] { work->run(); });
  } catch (const std::system_error&) {
    if (threads.empty()) return work->run();  // the system starts no more threads
  }
  std::unique_lock lock(work->mutex);
  for (bool all = false; !all;) {
    const std::size_t done = work->done;
    all = done == work->jobs.size();
    lock.unlock();
    try {
      if (loading) loading(done, work->jobs.size());
    } catch (...) {
      lock.lock();
      work->left = true;
      lock.unlock();
      leave_behind(std::move(threads), work);
      throw;
    }
    lock.lock();
    if (!all && work->done == done) work->changed.wait_for(lock, kLook);
  }
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

std::vector<std::shared_ptr<const Program>> programs_of(const std::shared_ptr<OpenclDevice>& device,
                                                        std::span<const OpenclKernel* const> kernels,
                                                        BinaryStore* binaries, const Loading& loading) {
  std::vector<std::shared_ptr<const Program>> programs;
  std::vector<std::string> texts;
  std::map<std::string_view, std::size_t> places;  // of jobs, by text
  const auto work = std::make_shared<Work>();
  work->device = device;
  for (const OpenclKernel* kernel : kernels) {
    texts.push_back(OpenclDevice::text_of(*kernel));
    programs.push_back(device->known_program(texts.back()));
  }
  const auto key_of = [&](std::size_t k) {
    return base::str("program ", kernels[k]->entry, " ", base::checksum(texts[k].data(), texts[k].size()));
  };
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    if (programs[k] || !places.try_emplace(texts[k], work->jobs.size()).second) continue;
    work->jobs.push_back(
        {*kernels[k], texts[k], binaries ? binaries->get(key_of(k)) : std::string(), nullptr, nullptr});
  }
  // Those that take longest first: whoever takes one last keeps the others waiting.
  work->order.resize(work->jobs.size());
  std::iota(work->order.begin(), work->order.end(), std::size_t{0});
  std::ranges::stable_sort(work->order, std::greater{},
                           [&](std::size_t j) { return work->jobs[j].kernel.source.size(); });
  const std::size_t threads =
      std::min(work->jobs.size(), static_cast<std::size_t>(std::max(1, base::available_cores())));
  if (threads > 1 || (threads == 1 && loading)) run_apart(work, threads, loading);
  else work->run();
  if (threads == 0 && loading && !kernels.empty()) loading(kernels.size(), kernels.size());
  for (const Job& job : work->jobs)
    if (job.error) std::rethrow_exception(job.error);
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    if (!programs[k]) programs[k] = work->jobs[places.at(texts[k])].made;
    if (!binaries || !binaries->grows()) continue;
    if (const std::string key = key_of(k); binaries->get(key).empty()) binaries->put(key, programs[k]->binary());
  }
  return programs;
}

}  // namespace vireo::device::opencl
