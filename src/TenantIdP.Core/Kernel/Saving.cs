using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Kernel;

/// <summary>Refusals that every aggregate shares.</summary>
public static class VersionErrors
{
    public static readonly Error Mismatch = new(ErrorKind.PreconditionFailed, "version_mismatch", "It has changed since you read it: read it again and repeat the change.");
    public static readonly Error ChangedMeanwhile = new(ErrorKind.Conflict, "changed_meanwhile", "Somebody else changed it at the same moment: read it again and repeat the change.");

    /// <param name="expected">The version the caller last saw, or null when the caller doesn't mind.</param>
    public static Result Check(IVersioned found, int? expected) => expected is { } version && version != found.Version ? Mismatch : Result.Ok;
}

/// <summary>Saves and names the refusal of the database: the race that a check before could not see. A refused change is forgotten.</summary>
internal static class Saving
{
    /// <param name="unique">The error of each unique index that this change can run into.</param>
    public static async Task<Result> TrySaveAsync(this IdpDbContext db, IReadOnlyDictionary<string, Error> unique, CancellationToken ct)
    {
        try
        {
            await db.SaveChangesAsync(ct);
            return Result.Ok;
        }
        catch (DbUpdateConcurrencyException)
        {
            db.DiscardChanges();
            return VersionErrors.ChangedMeanwhile;
        }
        catch (DbUpdateException failure) when (db.UniqueViolation(failure) is { } index && unique.ContainsKey(index))
        {
            db.DiscardChanges();
            return unique[db.UniqueViolation(failure)!]; // not null: the filter has just asked
        }
    }

    public static Task<Result> TrySaveAsync(this IdpDbContext db, CancellationToken ct) => db.TrySaveAsync(NoIndex, ct);

    /// <summary>For a change that runs into none.</summary>
    public static readonly IReadOnlyDictionary<string, Error> NoIndex = new Dictionary<string, Error>();
}
