/* Stands in for NVIDIA's libnvidia-ml.so.1 on machines without a GPU, so that the real nvidia-ml-py can be tested there.
 *
 * The file that $STAND_IN_STATE names is read anew at every call, so a test changes it under a running program. Its lines, where
 * names have _ for a blank, memory is in bytes and utilisation in percent:
 *
 *   init RETURN                                     what nvmlInit returns
 *   gpu UUID NAME TOTAL USED UTILISATION STATE      STATE is ok, lost or mig (divided)
 *   mig UUID NAME TOTAL USED GPU                    a MIG device of the GPU with that UUID
 *   proc UUID PID BYTES SM                          a process that computes on a device; SM -1: no sample of its utilisation
 *
 * What it returns, and how its structures lie in memory: NVML API Reference Guide. -DWITHOUT_LIMITS, -DWITHOUT_SAMPLES and
 * -DWITHOUT_MIG leave functions out, as drivers before 615, other products and old drivers do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, LOST = 15 };
enum { MOST = 64, NAME = 96, PATH = 512 };
#define UNLIMITED 0xFFFFFFFFFFFFFFFFULL

typedef unsigned long long bytes;

struct device { char uuid[NAME], name[NAME], gpu[NAME], state[NAME]; bytes total, used; unsigned utilisation; };
struct process { char device[NAME]; unsigned pid; bytes used; int sm; };
struct limit { char device[NAME], cgroup[PATH]; bytes soft, hard; };

struct memory { bytes total, free, used; };
struct utilization { unsigned gpu, memory; };
struct process_info { unsigned pid; bytes used; unsigned gpu_instance, compute_instance; };
struct sample { unsigned pid; bytes time; unsigned sm, memory, encoder, decoder; };
struct set_limits { const char *cgroup; bytes soft, hard; };
struct get_limits { const char *cgroup; bytes soft, hard, used; };

static struct device devices[MOST]; /* a test has fewer */
static struct process processes[MOST];
static int device_count, process_count, init_return;

static void read_line(const char *line) {
    struct device *d = &devices[device_count];
    struct process *p = &processes[process_count];
    int whole = sscanf(line, "gpu %95s %95s %llu %llu %u %95s", d->uuid, d->name, &d->total, &d->used, &d->utilisation, d->state) == 6;
    int part = !whole && sscanf(line, "mig %95s %95s %llu %llu %95s", d->uuid, d->name, &d->total, &d->used, d->gpu) == 5;
    if (whole) strcpy(d->gpu, d->uuid);
    if (part) strcpy(d->state, "part");
    for (char *letter = d->name; *letter; letter++) if (*letter == '_') *letter = ' ';
    device_count += whole || part;
    process_count += sscanf(line, "proc %95s %u %llu %d", p->device, &p->pid, &p->used, &p->sm) == 4;
    sscanf(line, "init %d", &init_return);
}

static int read_state(void) {
    char line[PATH];
    const char *path = getenv("STAND_IN_STATE");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return DRIVER_NOT_LOADED;
    device_count = process_count = init_return = 0;
    while (fgets(line, sizeof line, file)) read_line(line);
    fclose(file);
    return init_return;
}

static int is(const struct device *one, const char *state) { return strcmp(one->state, state) == 0; }

/* A handle is the device's place in the file, counted from 1; none for what is not there, or is lost. */
static int find(void *handle, struct device **found) {
    size_t place = (size_t)handle - 1;
    int answer = read_state();
    if (answer) return answer;
    if (place >= (size_t)device_count) return INVALID_ARGUMENT;
    *found = &devices[place];
    return is(*found, "lost") ? LOST : OK;
}

#define FIND struct device *one; int answer = find(handle, &one); if (answer) return answer

static int say(const char *text, char *buffer, unsigned size) {
    if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(buffer, text);
    return OK;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return read_state(); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int answer) { return answer == LOST ? "GPU is lost" : "an error of the stand-in"; }
int nvmlSystemGetDriverVersion(char *buffer, unsigned size) { return say("615.71.stand-in", buffer, size); }

int nvmlDeviceGetCount_v2(unsigned *count) {
    int answer = read_state();
    *count = 0;
    for (int i = 0; i < device_count; i++) *count += !is(&devices[i], "part");
    return answer;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    int answer = read_state();
    if (answer) return answer;
    for (int i = 0; i < device_count; i++)
        if (!is(&devices[i], "part") && index-- == 0) {
            *handle = (void *)(size_t)(i + 1);
            return is(&devices[i], "lost") ? LOST : OK;
        }
    return INVALID_ARGUMENT;
}

int nvmlDeviceGetUUID(void *handle, char *buffer, unsigned size) { FIND; return say(one->uuid, buffer, size); }
int nvmlDeviceGetName(void *handle, char *buffer, unsigned size) { FIND; return say(one->name, buffer, size); }

int nvmlDeviceGetMemoryInfo(void *handle, struct memory *told) {
    FIND;
    *told = (struct memory){one->total, one->total - one->used, one->used};
    return OK;
}

int nvmlDeviceGetUtilizationRates(void *handle, struct utilization *told) {
    FIND;
    if (!is(one, "ok")) return NOT_SUPPORTED;
    *told = (struct utilization){one->utilisation, 0};
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, struct process_info *told) {
    unsigned found = 0, room = told ? *count : 0;
    FIND;
    for (int i = 0; i < process_count; i++)
        if (strcmp(processes[i].device, one->uuid) == 0) {
            if (found < room) told[found] = (struct process_info){processes[i].pid, processes[i].used, ~0U, ~0U};
            found++;
        }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : OK;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *handle, unsigned *count, struct process_info *told) {
    return nvmlDeviceGetComputeRunningProcesses_v3(handle, count, told); /* as of programs that draw as well */
}

#ifndef WITHOUT_SAMPLES
static bytes now = 1000; /* microseconds, at the last sample */

int nvmlDeviceGetProcessUtilization(void *handle, struct sample *told, unsigned *count, bytes since) {
    unsigned found = 0, room = told ? *count : 0;
    FIND;
    if (!is(one, "ok")) return NOT_SUPPORTED;
    if (room) now++;
    for (int i = 0; i < process_count; i++)
        if (strcmp(processes[i].device, one->uuid) == 0 && processes[i].sm >= 0 && now >= since) {
            if (found < room) told[found] = (struct sample){processes[i].pid, now, processes[i].sm, 0, 0, 0};
            found++;
        }
    *count = found;
    return found == 0 ? NOT_FOUND : found > room ? INSUFFICIENT_SIZE : OK;
}
#endif

#ifndef WITHOUT_MIG
int nvmlDeviceGetMigMode(void *handle, unsigned *now, unsigned *next) { FIND; *now = *next = is(one, "mig"); return OK; }
int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) { FIND; *count = 7; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **part) {
    FIND;
    for (int i = 0; i < device_count; i++)
        if (is(&devices[i], "part") && strcmp(devices[i].gpu, one->uuid) == 0 && index-- == 0) {
            *part = (void *)(size_t)(i + 1);
            return OK;
        }
    return NOT_FOUND;
}
#endif

#ifndef WITHOUT_LIMITS
static struct limit limits[MOST];
static int limit_count;

static struct limit *find_limit(const struct device *one, const char *cgroup) {
    for (int i = 0; i < limit_count; i++)
        if (strcmp(limits[i].device, one->uuid) == 0 && strcmp(limits[i].cgroup, cgroup) == 0) return &limits[i];
    return NULL;
}

int nvmlDeviceSetMemoryLimits_v1(void *handle, struct set_limits *wanted) {
    FIND;
    if (!is(one, "ok")) return NOT_SUPPORTED;
    struct limit *found = find_limit(one, wanted->cgroup);
    if (!found) found = &limits[limit_count++];
    *found = (struct limit){.soft = wanted->soft, .hard = wanted->hard};
    strcpy(found->device, one->uuid);
    return say(wanted->cgroup, found->cgroup, PATH);
}

int nvmlDeviceGetMemoryLimits_v1(void *handle, struct get_limits *told) {
    FIND;
    struct limit *found = find_limit(one, told->cgroup);
    *told = (struct get_limits){told->cgroup, found ? found->soft : 0, found ? found->hard : UNLIMITED, one->used};
    return OK;
}
#endif

/* For the test that compares with nvidia-ml-py's own structures. */
const size_t stand_in_sizes[] = {sizeof(struct memory), sizeof(struct utilization), sizeof(struct process_info),
                                 sizeof(struct sample), sizeof(struct set_limits), sizeof(struct get_limits)};
