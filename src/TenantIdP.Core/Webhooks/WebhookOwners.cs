using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

/// <summary>What an organization, or the instance, has of endpoints and deliveries. Crosses organizations for the instance's own rows only, with the owner in every predicate.</summary>
public sealed class WebhookOwners(IdpDbContext db, Leases leases)
{
    private const string InstanceLock = "webhook_endpoints_of_instance";

    internal IdpDbContext Db => db;

    internal IQueryable<WebhookEndpoint> Endpoints(Id<Organization> owner) =>
        (owner == Organization.Instance ? db.WebhookEndpoints.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]) : db.WebhookEndpoints).Where(w => w.OrganizationId == owner);

    internal IQueryable<WebhookDelivery> Deliveries(Id<Organization> owner) =>
        (owner == Organization.Instance ? db.WebhookDeliveries.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]) : db.WebhookDeliveries).Where(d => d.OrganizationId == owner);

    /// <summary>One transaction, after every other change of this owner's endpoints that began before.</summary>
    internal async Task<Result<T>> ChangeAsync<T>(Id<Organization> owner, Func<Task<Result<T>>> change, CancellationToken ct) where T : notnull
    {
        if (owner == Organization.Instance) await leases.PrepareLockAsync(InstanceLock, ct);
        return await db.InTransactionAsync<T>(
            async () =>
            {
                if (owner == Organization.Instance) await leases.LockAsync(InstanceLock, ct);
                else if (!await db.LockAsync(owner, ct)) return OrganizationErrors.NotFound;
                return await change();
            }, ct);
    }

    /// <summary>For work that no request has brought into a scope.</summary>
    internal void Enter(Id<Organization> owner)
    {
        if (owner != Organization.Instance) db.EnterOrganization(owner);
    }
}
