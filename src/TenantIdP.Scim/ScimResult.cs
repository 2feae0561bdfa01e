using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Scim;

/// <summary>A value, or the error that is answered instead.</summary>
public readonly record struct ScimResult<T> where T : notnull
{
    private ScimResult(T? value, ScimError? error) => (Value, Error) = (value, error);

    public T? Value { get; }

    public ScimError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    public static implicit operator ScimResult<T>(T value) => new(value, null);

    public static implicit operator ScimResult<T>(ScimError error) => new(default, error);
}
