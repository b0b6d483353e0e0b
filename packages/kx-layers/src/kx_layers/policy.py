"""Dtype policies: in which dtype layers compute, and in which they keep their variables."""

import re
from collections.abc import MutableMapping

from kx_io import Fields, field, register, registry
from kx_tensor import dtypes

_registry = registry("dtype_policies")
deserialize = _registry.deserialize
serialize = _registry.serialize
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


def _policy_name(name):
    if name is None:
        return dtypes.floatx()
    if not isinstance(name, str):
        raise TypeError(f"A dtype policy's name must be a string such as 'mixed_float16', got {name!r}.")
    return name


@register("dtype_policies", "FloatDTypePolicy")
class DTypePolicy(Fields):
    """The pair of a compute dtype and a variable dtype.

    `"mixed_float16"` and `"mixed_bfloat16"` compute in half precision and keep float32 variables; the name of a dtype
    means that dtype for both; None means `floatx()`.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    name: str = field(None, to=_policy_name)

    quantization_mode = None

    def __post_init__(self):
        if self.name in _MIXED:
            self.compute_dtype, self.variable_dtype = _MIXED[self.name], "float32"
            return
        try:
            self.compute_dtype = self.variable_dtype = dtypes.standardize_dtype(self.name)
        except ValueError:
            raise ValueError(
                f"Cannot convert {self.name!r} to a DTypePolicy. Valid policies are "
                "'mixed_float16', 'mixed_bfloat16', and "
                f"the name of any dtype such as 'float32'."
            ) from None

    def convert_input(self, x, autocast, dtype):
        """Return x as a tensor; cast to `dtype` if `autocast` and both are floats."""
        if autocast and dtypes.is_float_dtype(dtype) and dtypes.is_float_dtype(x.dtype) and x.dtype != dtype:
            return x.astype(dtype)
        return x

    def __eq__(self, other):
        return type(other) is type(self) and other.name == self.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f'<DTypePolicy "{self.name}">'


FloatDTypePolicy = DTypePolicy


@register("dtype_policies", module="keras.dtype_policies")
class DTypePolicyMap(Fields, MutableMapping):
    """Policies by layer path; keys are exact paths or regular expressions that match a whole path.

    A path without a policy of its own has `default_policy` (None: the global one). A path that several expressions
    match raises ValueError.

    >>> policies = DTypePolicyMap("float32", {"encoder/.*": DTypePolicy("mixed_bfloat16")})
    >>> policies["encoder/dense"], policies["dense"]
    (<DTypePolicy "mixed_bfloat16">, <DTypePolicy "float32">)
    """

    default_policy = field(None)
    policy_map = field(None, to=lambda m: {k: get(v) for k, v in (m or {}).items()})

    @property
    def default(self):
        """The policy of paths that no key matches."""
        return get(self.default_policy)

    @property
    def name(self):
        return f"map_{self.default.name}"

    @property
    def compute_dtype(self):
        return self.default.compute_dtype

    @property
    def variable_dtype(self):
        return self.default.variable_dtype

    quantization_mode = None

    def __getitem__(self, path):
        if path in self.policy_map:
            return self.policy_map[path]
        keys = [key for key in self.policy_map if re.fullmatch(key, path)]
        if len(keys) > 1:
            raise ValueError(
                f"Layer path {path!r} matches several keys of the DTypePolicyMap: {keys}; make the keys distinct."
            )
        return self.policy_map[keys[0]] if keys else self.default

    def __setitem__(self, path, policy):
        if path in self.policy_map:
            raise ValueError(
                f"{path!r} is already in the DTypePolicyMap, as {self.policy_map[path]}; delete it first."
            )
        self.policy_map[path] = get(policy)

    def __delitem__(self, path):
        del self.policy_map[path]

    def __iter__(self):
        return iter(self.policy_map)

    def __len__(self):
        return len(self.policy_map)

    def __eq__(self, other):
        return type(other) is type(self) and other.get_config() == self.get_config()

    __hash__ = object.__hash__

    def __repr__(self):
        rules = {path: policy.name for path, policy in self.policy_map.items()}
        return f"<DTypePolicyMap default={self.default.name} {rules}>"


_global = {}  # "policy": set by set_dtype_policy


def dtype_policy():
    """Return the policy of layers that are given none: `floatx()` unless `set_dtype_policy` was called.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return _global.get("policy") or DTypePolicy()


def set_dtype_policy(policy):
    """Set the policy of layers made from now on that are given none; None returns to `floatx()`."""
    if policy is None:
        _global.clear()
    else:
        _global["policy"] = get(policy)


def get(identifier):
    """Return the policy that a name, a dtype, a config or a policy stands for; None is the global policy.

    >>> get("mixed_float16"), get(None)
    (<DTypePolicy "mixed_float16">, <DTypePolicy "float32">)
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, (DTypePolicy, DTypePolicyMap)):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    try:
        return DTypePolicy(dtypes.standardize_dtype(identifier))
    except ValueError:
        raise ValueError(
            f"Cannot use {identifier!r} as a dtype policy; expected a name, a dtype or a DTypePolicy."
        ) from None
