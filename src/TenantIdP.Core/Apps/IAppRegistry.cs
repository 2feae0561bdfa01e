using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>Where the engine keeps its clients. Callers have checked <see cref="AppRules"/>; every change is made in the caller's transaction.</summary>
public interface IAppRegistry
{
    Task<App?> FindAsync(Id<App> id, CancellationToken ct);

    Task<App?> FindByClientIdAsync(string clientId, CancellationToken ct);

    /// <summary>In the order of creation or against it, of what was created within the period that the page asks for.</summary>
    Task<Page<App>> ListAsync(PageRequest page, CancellationToken ct);

    /// <param name="secrets">None for a public app.</param>
    Task CreateAsync(App app, IReadOnlyList<AppSecret> secrets, CancellationToken ct);

    /// <summary>Those that expired may be among them.</summary>
    Task<IReadOnlyList<AppSecret>> SecretsAsync(Id<App> id, CancellationToken ct);

    /// <param name="app">What it becomes, with the version that was read; the stored one is the next.</param>
    /// <param name="secrets">Null leaves them as they are.</param>
    /// <returns>False when it no longer is what was read.</returns>
    Task<bool> UpdateAsync(App app, IReadOnlyList<AppSecret>? secrets, CancellationToken ct);

    /// <summary>Deletes the app and ends its grants.</summary>
    Task<bool> DeleteAsync(Id<App> id, CancellationToken ct);
}
