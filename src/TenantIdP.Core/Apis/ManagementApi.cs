using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Apis;

/// <summary>The product's own API as an audience: its identifier follows from the issuer, its permissions are those of the built-in roles.</summary>
public static class ManagementApi
{
    /// <summary>The scope of an app that manages the whole instance.</summary>
    public const string Scope = "management";

    /// <summary>The scope of an app's backend that asks whether people may do things, and nothing else.</summary>
    public const string CheckScope = "authorization:check";

    public static readonly IReadOnlyList<string> Scopes = [Scope, CheckScope];

    /// <summary>Whether an API is this one, known by its scopes; one that an operator gives the same scopes is treated alike.</summary>
    public static bool Is(Api api) => Scopes.All(api.Scopes.Contains);

    /// <summary>Makes or refreshes the row; safe on several nodes at once.</summary>
    public static async Task SeedAsync(IdpDbContext db, string identifier, DateTimeOffset now, CancellationToken ct)
    {
        var api = await db.Apis.SingleOrDefaultAsync(a => a.Identifier == identifier, ct);
        if (api is null)
        {
            var created = Api.Create(identifier, "Management API", now);
            if (!created.IsOk) throw new InvalidOperationException(created.Error.Message);
            api = created.Value;
            db.Apis.Add(api);
        }

        // The roles list these permissions themselves, so the API gives them to nobody.
        var names = BuiltInRoles.All.SelectMany(r => r.Permissions).Distinct().Order(StringComparer.Ordinal).Select(name => new ApiPermission(name, [])).ToArray();
        if (!api.Scopes.SequenceEqual(Scopes) || !api.Permissions.Select(p => p.Name).SequenceEqual(names.Select(n => n.Name))) api.Change("Management API", Scopes, names, null, "ES256", now);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException e) when (db.UniqueViolation(e) is not null || e is DbUpdateConcurrencyException)
        {
            db.ChangeTracker.Clear(); // another node was first
        }
    }
}
