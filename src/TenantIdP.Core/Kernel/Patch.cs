namespace TenantIdP.Core.Kernel;

/// <summary>Tells a member that a caller can't leave out from one it can.</summary>
public interface IPatch
{
    bool IsPresent { get; }
}

/// <summary>One member of a merge patch (RFC 7396): absent leaves the field alone, null deletes it, anything else replaces it.</summary>
public readonly record struct Patch<T>(T? Value) : IPatch
{
    // A default value was never constructed, so an absent member is exactly default(Patch<T>).
    public bool IsPresent { get; } = true;

    public static implicit operator Patch<T>(T? value) => new(value);

    /// <summary>The new value when one was sent, the current one otherwise.</summary>
    public T? Or(T? current) => IsPresent ? Value : current;
}
