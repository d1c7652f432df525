/* The requests of Xen's devices that a channel needs. */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdint.h>

/* /dev/xen/gntalloc */
#define ALLOC_GREF 0x184705
#define DEALLOC_GREF 0x104706
#define SET_UNMAP_NOTIFY 0x104707
/* /dev/xen/gntdev, which has the same number for its unmap notify */
#define MAP_GRANT_REF 0x184700
#define UNMAP_GRANT_REF 0x104701
/* /dev/xen/evtchn */
#define BIND_INTERDOMAIN 0x84501
#define BIND_UNBOUND_PORT 0x44502
#define UNBIND 0x44503
#define NOTIFY 0x44504

struct grant_request {
	uint16_t domid, flags;
	uint32_t count;
	uint64_t index;
	uint32_t references[];
};

struct map_request {
	uint32_t count, unused;
	uint64_t index;
	struct { uint32_t domid, reference; } references[];
};

#endif
