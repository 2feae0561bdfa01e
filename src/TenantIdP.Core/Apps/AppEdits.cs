using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>What becomes of an app, and what its event says.</summary>
/// <param name="Secrets">Null leaves them as they are.</param>
public sealed record AppEdit(App App, string EventType, object Facts, IReadOnlyList<AppSecret>? Secrets = null);

/// <summary>
/// One change of one app: read, judged and written in one transaction, and written only over the version that was read. Otherwise two operators at once would undo each
/// other's settings without knowing.
/// </summary>
public sealed class AppEdits(IdpDbContext db, IAppRegistry registry, EventLog events)
{
    public Task<Result<App>> ChangeAsync(Id<App> id, int? expectedVersion, Func<App, Task<Result<AppEdit>>> change, CancellationToken ct) =>
        db.InTransactionAsync<App>(
            async () =>
            {
                if (await registry.FindAsync(id, ct) is not { } app) return AppErrors.NotFound;
                var seen = VersionErrors.Check(app, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var edit = await change(app);
                if (!edit.IsOk) return edit.Error;
                events.RecordForInstance(edit.Value.EventType, id.ToString(), edit.Value.Facts);
                await db.SaveChangesAsync(ct);
                if (!await registry.UpdateAsync(edit.Value.App, edit.Value.Secrets, ct)) return VersionErrors.ChangedMeanwhile;
                return edit.Value.App with { Version = app.Version + 1 };
            }, ct);
}
