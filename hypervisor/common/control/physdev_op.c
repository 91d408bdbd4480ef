/* SPDX-License-Identifier: Apache-2.0 */
/*
 * physdev_op: the PCI devices that the hardware domain finds (public/physdev.h). Hearth keeps the
 * list; assigning them to other domains needs an IOMMU driver.
 */
#include <hearth/errno.h>
#include <hearth/heap.h>
#include <hearth/hypercall/handlers.h>
#include <hearth/list.h>
#include <hearth/lock.h>
#include <hearth/vcpu.h>

#define MAX_PCI_DEVICES 4096U

struct pci_device {
    struct list list;
    uint32_t sbdf;
};

static struct spinlock pci_lock = SPINLOCK_INIT(RANK_IRQ);
static struct list pci_devices = {&pci_devices, &pci_devices};
static uint32_t nr_pci_devices;

static struct pci_device *find(uint32_t sbdf)
{
    struct list *pos;

    list_for_each (pos, &pci_devices) {
        struct pci_device *dev = list_entry(pos, struct pci_device, list);

        if (dev->sbdf == sbdf) {
            return dev;
        }
    }
    return NULL;
}

static uint32_t make_sbdf(uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return (uint32_t)seg << 16 | (uint32_t)bus << 8 | devfn;
}

int physdev_op_pci_device_add(struct vcpu *v, struct physdev_pci_device_add_arg *a)
{
    struct pci_device *dev = heap_alloc(sizeof(*dev));
    int rc = 0;

    (void)v;
    if (dev == NULL) {
        return -ENOMEM;
    }
    dev->sbdf = make_sbdf(a->seg, a->bus, a->devfn);
    spin_lock(&pci_lock);
    if (find(dev->sbdf) == NULL) {
        if (nr_pci_devices < MAX_PCI_DEVICES) {
            list_add_tail(&pci_devices, &dev->list);
            nr_pci_devices++;
            dev = NULL;
        } else {
            rc = -ENOSPC;
        }
    }
    spin_unlock(&pci_lock);
    heap_free(dev);
    return rc;
}

int physdev_op_pci_device_remove(struct vcpu *v, struct physdev_pci_device_arg *a)
{
    struct pci_device *dev;

    (void)v;
    spin_lock(&pci_lock);
    dev = find(make_sbdf(a->seg, a->bus, a->devfn));
    if (dev != NULL) {
        list_del(&dev->list);
        nr_pci_devices--;
    }
    spin_unlock(&pci_lock);
    heap_free(dev);
    return dev != NULL ? 0 : -ENODEV;
}
