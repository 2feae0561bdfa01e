using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>Where the engine keeps its clients. Callers have checked <see cref="AppRules"/>; every change is made in the caller's transaction.</summary>
public interface IAppRegistry
{
    Task<App?> FindAsync(Id<App> id, CancellationToken ct);

    Task<App?> FindByClientIdAsync(string clientId, CancellationToken ct);

    /// <summary>In the order of creation.</summary>
    Task<Page<App>> ListAsync(PageRequest page, CancellationToken ct);

    /// <param name="secretHash">A <see cref="MachineSecret.Hash"/>, or null for a public app.</param>
    Task CreateAsync(App app, string? secretHash, CancellationToken ct);

    /// <returns>False when there is no such app.</returns>
    Task<bool> UpdateAsync(App app, CancellationToken ct);

    Task<bool> ReplaceSecretAsync(Id<App> id, string secretHash, CancellationToken ct);

    /// <returns>Null when there is no such app, or it has no secret.</returns>
    Task<string?> FindSecretHashAsync(Id<App> id, CancellationToken ct);

    /// <summary>Deletes the app and ends its grants.</summary>
    Task<bool> DeleteAsync(Id<App> id, CancellationToken ct);
}
